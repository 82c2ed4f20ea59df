// The words that the description of the API is written in: types, and what a reading and a writing operation look like.

import HTTPTypes

extension OpenAPI {
    static let text: JSON = ["type": "string"]
    static let integer: JSON = ["type": "integer"]
    static let number: JSON = ["type": "number"]
    static let boolean: JSON = ["type": "boolean"]
    static let time: JSON = ["type": "string", "format": "date-time"]

    static func ref(_ name: String) -> JSON { ["$ref": .string("#/components/schemas/" + name)] }
    static func array(_ items: JSON) -> JSON { ["type": "array", "items": items] }
    static func nullable(_ schema: JSON) -> JSON { ["anyOf": [schema, ["type": "null"]]] }
    static func object(_ properties: JSON) -> JSON { ["type": "object", "properties": properties] }
    static func page(_ item: JSON) -> JSON { object(["items": array(item), "seq": integer]) }

    static func get(
        _ summary: String, _ answer: JSON?, type: String = "application/json", query: [(String, JSON)] = [], more: [Int] = [],
        open: Bool = false, note: String? = nil
    ) -> [JSON.Member] {
        let content: JSON = answer.map { ["schema": $0] } ?? .object([])
        var operation = head(summary, note, open)
        if !query.isEmpty {
            let parameters = query.map { name, schema -> JSON in ["name": .string(name), "in": "query", "schema": schema] }
            operation.append(.init("parameters", .array(parameters)))
        }
        operation.append(.init("responses", responses(200, .object([.init(type, content)]), more + (open ? [] : [401]))))
        return [.init("get", .object(operation))]
    }

    static func post(
        _ summary: String, body: JSON?, answer: JSON?, more: [Int], open: Bool = false, note: String? = nil
    ) -> [JSON.Member] {
        write("post", summary, body: body, answer: answer, more: more, open: open, note: note)
    }

    static func write(
        _ method: String, _ summary: String, body: JSON?, answer: JSON?, more: [Int], open: Bool = false, note: String? = nil
    ) -> [JSON.Member] {
        var operation = head(summary, note, open)
        if let body { operation.append(.init("requestBody", ["required": true, "content": ["application/json": ["schema": body]]])) }
        let content: JSON? = answer.map { ["application/json": ["schema": $0]] }
        let always = [403, 415] + (open ? [] : [401]) + (body == nil ? [] : [400, 413])
        operation.append(.init("responses", responses(answer == nil ? 204 : 200, content, Array(Set(more + always)))))
        return [.init(method, .object(operation))]
    }

    private static func head(_ summary: String, _ note: String?, _ open: Bool) -> [JSON.Member] {
        var operation: [JSON.Member] = [.init("summary", .string(summary))]
        if let note { operation.append(.init("description", .string(note))) }
        if open { operation.append(.init("security", [])) }
        return operation
    }

    private static func responses(_ success: Int, _ content: JSON?, _ refusals: [Int]) -> JSON {
        var good: [JSON.Member] = [.init("description", "Success")]
        if let content { good.append(.init("content", content)) }
        let bad = refusals.sorted().map { status -> JSON.Member in
            guard status >= 400 else { return .init(String(status), ["description": "Not changed"]) }
            let reason = HTTPResponse.Status(code: status).reasonPhrase
            return .init(
                String(status), ["description": .string(reason), "content": ["application/json": ["schema": ref("Error")]]])
        }
        return .object([.init(String(success), .object(good))] + bad)
    }
}
