/// The only command lines ever sent to a host. No value of ours or of the user's is in them.
///
/// Each says `mark` first, which tells that the account's shell runs what it is given, and then reads one line: the
/// host's directory, where the agent's program belongs. What a login shell says before the mark is chatter, and what
/// reads standard input before cannot have eaten what is sent after.
enum RemoteLine: String, CaseIterable {
    /// Writes the rest of standard input as the agent's program; whole or not at all as far as the sender lives to see it.
    case receiveAgent =
        "exec /bin/sh -c 'echo eigensweep-shell-$((6*7)); IFS= read -r d || exit 1; case \"$d\" in \"~\"|\"~/\"*) d=\"$HOME${d#?}\";; esac; umask 077; LC_ALL=C; export LC_ALL; mkdir -p \"$d\" || exit 1; t=`mktemp \"$d/eigensweep-agent.XXXXXX\"` || exit 1; cat > \"$t\" && chmod 700 \"$t\" && mv -f \"$t\" \"$d/eigensweep-agent\" || { rm -f \"$t\"; exit 1; }'"
    case startAgent =
        "exec /bin/sh -c 'echo eigensweep-shell-$((6*7)); IFS= read -r d || exit 1; case \"$d\" in \"~\"|\"~/\"*) d=\"$HOME${d#?}\";; esac; exec \"$d/eigensweep-agent\" connect'"

    /// What the line prints once it runs. A program that only repeats the line does not print it.
    static let mark = Array("eigensweep-shell-42\n".utf8)
}
