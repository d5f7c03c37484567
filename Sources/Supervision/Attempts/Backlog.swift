/// Attempts that wait for a slot, the lowest number first. Those that are cancelled stay until they are met.
struct Backlog {
    private var waiting: [Attempt] = []
    private var first = 0

    mutating func insert(_ attempt: Attempt) {
        var place = waiting.count
        while place > first, waiting[place - 1].number > attempt.number { place -= 1 }
        waiting.insert(attempt, at: place)
    }

    /// The first that still waits; forgets those before it.
    mutating func first(where waits: (Attempt) -> Bool) -> Attempt? {
        while first < waiting.count {
            if waits(waiting[first]) { return waiting[first] }
            forgetFirst()
        }
        return nil
    }

    /// Takes the first that still waits.
    mutating func popFirst(where waits: (Attempt) -> Bool) -> Attempt? {
        guard let found = first(where: waits) else { return nil }
        forgetFirst()
        return found
    }

    private mutating func forgetFirst() {
        first += 1
        if first == waiting.count || first > 1024 {
            waiting.removeFirst(first)
            first = 0
        }
    }
}
