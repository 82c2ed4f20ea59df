// Who is in view of a lens at a given second, and the smallest box around them.
// **scene ─▶ pictures** ─▶ encodings ─▶ packets ─▶ clients

import Domain

/// Actors before a lens, without backdrop and weather.
struct Cast {
    let lens: StreetLens
    var walkers: [Walker] = []
    var vehicles: [Vehicle] = []
    var smoke: Smoke?

    /// Draws everybody who is there at a second.
    func draw(on canvas: inout Canvas, at seconds: Double) {
        smoke?.draw(on: &canvas, through: lens, at: seconds)
        for vehicle in vehicles { vehicle.draw(on: &canvas, through: lens, at: seconds) }
        for walker in walkers { walker.draw(on: &canvas, through: lens, at: seconds) }
    }

    /// Where an actor is at a second, as far as it lies in the picture; nil while too little of it can be seen.
    func box(at seconds: Double) -> RelativeBox? {
        guard !walkers.isEmpty || !vehicles.isEmpty || smoke != nil else { return nil }
        // Fine enough to tell the size; boxes are taken from the shapes and not from the samples.
        let (width, height) = (64, 36)
        var canvas = Canvas(Picture(width: width, height: height), depth: Array(repeating: .infinity, count: width * height))
        draw(on: &canvas, at: seconds)
        guard !canvas.extent.isEmpty else { return nil }
        let left = Double(max(canvas.extent.left / Float(width), 0)), right = Double(min(canvas.extent.right / Float(width), 1))
        let top = Double(max(canvas.extent.top / Float(height), 0)), bottom = Double(min(canvas.extent.bottom / Float(height), 1))
        guard right - left >= 0.015, bottom - top >= 0.04 else { return nil }
        return RelativeBox(x: left, y: top, width: right - left, height: bottom - top)
    }
}
