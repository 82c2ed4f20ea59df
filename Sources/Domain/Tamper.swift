// What was done to a camera rather than before it.
// camera → packets → looks → **frames → health**

/// What hinders a camera from seeing its place: log text, metric label and screen text at once.
package enum Tamper: String, Sendable, CaseIterable {
    /// No signal behind the picture, or no light at all from one moment to the next.
    case black
    /// Shone into until nothing else is left.
    case blinded
    /// Something lies over the lens.
    case covered
    /// The scene is the same, its edges are gone.
    case defocused
    /// It looks elsewhere.
    case moved
    /// The same picture again and again.
    case frozen
}
