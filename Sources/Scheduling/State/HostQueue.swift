/// Hosts that ask for a job, the least loaded first: a binary heap that knows where each host stands.
struct HostQueue {
    /// How much a host has to do before it would begin another job.
    struct Load: Hashable, Comparable {
        /// Whether another job would have to wait.
        var isFull: Bool
        /// Predicted, of what waits there, for each slot.
        var seconds: Double
        /// Its place among the hosts: of equals the first is asked first.
        var host: Int

        static func < (a: Self, b: Self) -> Bool {
            if a.isFull != b.isFull { return !a.isFull }
            return a.seconds == b.seconds ? a.host < b.host : a.seconds < b.seconds
        }
    }

    private var heap: [Load] = []
    private var places: [Int: Int] = [:]

    var first: Load? { heap.first }

    /// Puts the host in, or where it belongs now.
    mutating func set(_ load: Load) {
        if let place = places[load.host] {
            heap[place] = load
            settle(place)
        } else {
            heap.append(load)
            places[load.host] = heap.count - 1
            settle(heap.count - 1)
        }
    }

    mutating func remove(_ host: Int) {
        guard let place = places.removeValue(forKey: host) else { return }
        let last = heap.removeLast()
        guard place < heap.count else { return }
        heap[place] = last
        places[last.host] = place
        settle(place)
    }

    private mutating func settle(_ index: Int) {
        var place = index
        while place > 0, case let parent = (place - 1) / 2, heap[place] < heap[parent] {
            swap(place, parent)
            place = parent
        }
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2] where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            guard least != place else { return }
            swap(place, least)
            place = least
        }
    }

    private mutating func swap(_ a: Int, _ b: Int) {
        heap.swapAt(a, b)
        places[heap[a].host] = a
        places[heap[b].host] = b
    }
}
