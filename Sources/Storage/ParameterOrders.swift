// Which value belongs to which parameter of a statement, for a driver that binds by position.
// incidents → dispatcher → **cases, outbox, accounts on disk**

import Synchronization

/// In which order the parameters `$1`, `$2`, … of a statement first appear, remembered for each text. Any thread.
final class ParameterOrders: Sendable {
    /// More texts than the code has: lists of different lengths make a text each.
    private static let capacity = 1000

    private let known = Mutex<[String: [Int]]>([:])

    /// Indexes of values, from 0.
    func order(of sql: String) -> [Int] {
        known.withLock { known in
            if let order = known[sql] { return order }
            if known.count >= Self.capacity { known.removeAll() }
            let order = Self.read(sql)
            known[sql] = order
            return order
        }
    }

    private static func read(_ sql: String) -> [Int] {
        var order: [Int] = []
        var isQuoted = false
        var number: Int?
        func end() {
            if let index = number.map({ $0 - 1 }), !order.contains(index) { order.append(index) }
            number = nil
        }
        for byte in sql.utf8 {
            if let digits = number, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
                number = digits * 10 + Int(byte - UInt8(ascii: "0"))
                continue
            }
            end()
            if byte == UInt8(ascii: "'") { isQuoted.toggle() }
            if byte == UInt8(ascii: "$"), !isQuoted { number = 0 }
        }
        end()
        return order
    }
}
