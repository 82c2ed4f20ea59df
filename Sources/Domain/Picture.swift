// The shape of a luma plane and the kinds of looks; pixels themselves never live in Domain.
// camera → packets → **looks → frames** → detections → incidents

/// Width, height and row distance of one 8-bit plane, in samples.
package struct PlaneShape: Hashable, Sendable {
    package var width: Int
    package var height: Int
    /// Samples from the start of one row to the start of the next; at least `width`.
    package var stride: Int

    package init(width: Int, height: Int, stride: Int) {
        precondition(width > 0 && height > 0 && stride >= width, "a plane has samples and its rows do not overlap")
        self.width = width
        self.height = height
        self.stride = stride
    }
}

/// Which coded pictures of a camera are decoded.
package enum LookKind: String, Sendable, CaseIterable {
    /// Key pictures only.
    case key
    /// Every picture.
    case full
}
