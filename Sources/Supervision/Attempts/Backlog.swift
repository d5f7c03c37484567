/// Attempts that wait for a slot, the smallest turn first, and of one turn the lowest number. Those that are cancelled stay until they are met.
struct Backlog {
    private var waiting: [Attempt] = []
    private var first = 0

    mutating func insert(_ attempt: Attempt) {
        var place = waiting.count
        while place > first, attempt.precedes(waiting[place - 1]) { place -= 1 }
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

extension Attempt {
    fileprivate func precedes(_ other: Attempt) -> Bool {
        let (mine, others) = (order.turn ?? -.infinity, other.order.turn ?? -.infinity)
        return mine == others ? number < other.number : mine < others
    }
}
