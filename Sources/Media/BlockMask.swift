// Privacy masks in pictures for people: black blocks, burnt in before anything is coded.
// looks ─▶ **frames** ─▶ snapshots, clips, live pictures

import CFFmpeg
package import Domain

/// The blocks of a picture that nobody may see.
///
/// Whole blocks of 16 × 16, the unit in which JPEG, H.264 and H.265 transform: so no coder can smear what lies beside a mask into it, and
/// the blocks beside it are coded as they would be without. A block is black when a polygon comes within four samples of it, because the
/// scaler mixes neighbours that far into each other's colour.
package struct BlockMask: Hashable, Sendable {
    static let side = 16
    private static let reach = 4.0

    package let width: Int
    package let height: Int
    /// Black columns of blocks, row by row of blocks.
    private let runs: [[Range<Int>]]

    /// - Parameter areas: In relative coordinates; where a polygon crosses itself, everything it runs around is covered.
    package init(_ areas: [Zone], width: Int, height: Int) {
        self.width = width
        self.height = height
        let columns = (width + Self.side - 1) / Self.side
        runs = (0..<(height + Self.side - 1) / Self.side).map { row in
            var black: [Range<Int>] = []
            for column in 0..<columns {
                let x = Double(column * Self.side)
                let y = Double(row * Self.side)
                let box = RelativeRectangle(
                    left: (x - Self.reach) / Double(width), top: (y - Self.reach) / Double(height),
                    right: (x + Double(Self.side) + Self.reach) / Double(width),
                    bottom: (y + Double(Self.side) + Self.reach) / Double(height))
                guard areas.contains(where: { box.touches($0.corners) }) else { continue }
                if let last = black.last, last.upperBound == column {
                    black[black.count - 1] = last.lowerBound..<column + 1
                } else {
                    black.append(column..<column + 1)
                }
            }
            return black
        }
    }

    /// True when the sample is black.
    package func covers(x: Int, y: Int) -> Bool {
        guard (0..<width).contains(x), (0..<height).contains(y) else { return false }
        return runs[y / Self.side].contains { $0.contains(x / Self.side) }
    }

    /// Blackens a picture of 8-bit 4:2:0 planes and of this size.
    ///
    /// - Parameter black: 0 for full range, 16 for limited range.
    func burn(into picture: UnsafeMutablePointer<AVFrame>, black: UInt8) {
        precondition(picture.pointee.width == width && picture.pointee.height == height, "a mask is made for one size of picture")
        let (data, stride) = (picture.pointee.data, picture.pointee.linesize)
        fill(data.0, Int(stride.0), samples: Self.side, width: width, height: height, black)
        let (halfWidth, halfHeight) = ((width + 1) / 2, (height + 1) / 2)
        fill(data.1, Int(stride.1), samples: Self.side / 2, width: halfWidth, height: halfHeight, 128)
        fill(data.2, Int(stride.2), samples: Self.side / 2, width: halfWidth, height: halfHeight, 128)
    }

    private func fill(
        _ plane: UnsafeMutablePointer<UInt8>?, _ stride: Int, samples: Int, width: Int, height: Int, _ value: UInt8
    ) {
        guard let plane else { return }
        for y in 0..<height {
            for run in runs[y / samples] {
                let start = run.lowerBound * samples
                (plane + y * stride + start).update(repeating: value, count: min(run.upperBound * samples, width) - start)
            }
        }
    }
}

/// A rectangle in relative coordinates, for one question.
private struct RelativeRectangle {
    var left, top, right, bottom: Double

    /// True when the polygon has a point in common with the rectangle.
    func touches(_ corners: [Zone.Corner]) -> Bool {
        var previous = corners[corners.count - 1]
        var winding = 0
        let x = (left + right) / 2
        let y = (top + bottom) / 2
        for corner in corners {
            if crosses(previous, corner) { return true }
            // No edge crosses it: it lies inside when the polygon runs around its centre, in either direction.
            let side = (corner.x - previous.x) * (y - previous.y) - (x - previous.x) * (corner.y - previous.y)
            if previous.y <= y, corner.y > y, side > 0 { winding += 1 }
            if previous.y > y, corner.y <= y, side < 0 { winding -= 1 }
            previous = corner
        }
        return winding != 0
    }

    /// True when a part of the edge lies in the rectangle (Liang and Barsky, 1984).
    private func crosses(_ from: Zone.Corner, _ to: Zone.Corner) -> Bool {
        var (enter, leave) = (0.0, 1.0)
        for (step, room) in [
            (from.x - to.x, from.x - left), (to.x - from.x, right - from.x), (from.y - to.y, from.y - top),
            (to.y - from.y, bottom - from.y),
        ] {
            if step == 0 {
                if room < 0 { return false }
            } else if step < 0 {
                enter = max(enter, room / step)
            } else {
                leave = min(leave, room / step)
            }
        }
        return enter <= leave
    }
}
