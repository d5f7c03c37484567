import Testing

@testable import Commands

/// How the sweeps are called in which teachers draw for others.
@Suite struct TeacherSweepNameTests {
    @Test func noTwoSweepsHaveOneInCommon() {
        let students = ["x", "x 2", "2 for x", "for x", "samples for x", "samples 2 for x", ""]
        let names = students.flatMap { student in (0..<12).map { TeacherSweeps.name($0, for: student) } }
        #expect(Set(names).count == names.count)
        #expect(names[0] == "samples for x" && names[1] == "samples 2 for x")
    }

    @Test func aNameSaysForWhomItIs() {
        for student in ["x", "x 2", "2 for x"] {
            for number in [0, 1, 11] {
                let name = TeacherSweeps.name(number, for: student)
                #expect(TeacherSweeps.number(of: name, for: student) == number)
                #expect(TeacherSweeps.number(of: name, for: "y") == nil)
            }
        }
        for other in [
            "samples for", "samples 1 for x", "samples 0 for x", "samples 99999999999999999999 for x", "x", "",
        ] {
            #expect(TeacherSweeps.number(of: other, for: "x") == nil)
        }
    }
}
