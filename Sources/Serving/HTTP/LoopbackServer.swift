import Foundation
import JobContract
import NIOCore
import NIOHTTP1
import NIOPosix
import ResultQueries

/// Serves HTTP/1 at 127.0.0.1. What is asked is answered on threads that may wait.
final class LoopbackServer: Sendable {
    let port: Int
    private let listener: any Channel
    private let loops: MultiThreadedEventLoopGroup
    private let site: ServedSite

    /// A longer head is no browser's, in bytes.
    private static let longestHead = 16 << 10

    /// Begins to serve; with port 0 the system chooses one. Throws `ReportError` where the port cannot be had.
    ///
    /// - Parameter idle: how long a connection may say nothing, but for one that is told news.
    init(port wanted: Int, idle: TimeAmount, _ site: ServedSite) throws {
        self.site = site
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        self.loops = loops
        let bootstrap = ServerBootstrap(group: loops)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                guard site.admitsOne() else { return channel.close() }
                channel.closeFuture.whenComplete { _ in site.dismissOne() }
                return channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    var limits = NIOHTTPDecoderLimitConfiguration()
                    (limits.maxHeaderFieldSize, limits.maxHeaderListSize) = (Self.longestHead, Self.longestHead)
                    try pipeline.addHandler(IdleStateHandler(readTimeout: idle))
                    try pipeline.configureHTTPServerPipeline(
                        withErrorHandling: false, withEncoderConfiguration: .init(),
                        withDecoderLimitConfiguration: limits)
                    try pipeline.addHandler(BrowserConnection(site))
                }
            }
        do {
            listener = try bootstrap.bind(host: "127.0.0.1", port: wanted).wait()
        } catch {
            try? loops.syncShutdownGracefully()
            // An `IOError` prints the function that failed.
            let reason = (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? explanation(of: error)
            throw ReportError(
                wanted == 0 ? .environment : .request,
                "port \(wanted) of 127.0.0.1 cannot be had: \(reason)"
                    + (wanted == 0 ? "" : "; without --port a free one is chosen"))
        }
        port = listener.localAddress?.port ?? wanted
    }

    /// Serves nothing any more.
    func end() {
        try? listener.close().wait()
        try? loops.syncShutdownGracefully()
        site.end()
    }
}

/// What the connections to a server share: who answers, and the threads on which that is done.
final class ServedSite: Sendable {
    /// Answers a request; nil: who asks is a stranger, and is told nothing.
    typealias Answer = @Sendable (HTTPRequest) -> HTTPReply?
    /// Tells what is new for as long as `tell` returns true.
    typealias News = @Sendable (_ tell: (String) -> Bool) -> Void

    let policy: String
    let answer: Answer
    private let news: News
    private let threads = NIOThreadPool(numberOfThreads: 8)
    private let lock = NSLock()
    nonisolated(unsafe) private var connections = 0
    /// A browser opens six for a page.
    private static let mostConnections = 128

    /// - Parameter policy: what pages may load.
    init(policy: String, answer: @escaping Answer, news: @escaping News) {
        (self.policy, self.answer, self.news) = (policy, answer, news)
        threads.start()
    }

    func admitsOne() -> Bool {
        lock.withLock {
            guard connections < Self.mostConnections else { return false }
            connections += 1
            return true
        }
    }

    func dismissOne() { lock.withLock { connections -= 1 } }

    func answer(_ request: HTTPRequest, for loop: any EventLoop) -> EventLoopFuture<HTTPReply?> {
        threads.runIfActive(eventLoop: loop) { [answer] in answer(request) }
    }

    /// On a thread of its own: it lasts as long as the connection.
    func tellNews(_ tell: @escaping @Sendable (String) -> Bool) {
        let thread = Thread { [news] in news(tell) }
        thread.name = "news"
        thread.stackSize = 1 << 20
        thread.start()
    }

    func end() { try? threads.syncShutdownGracefully() }
}

/// One connection: its requests one after the other.
private final class BrowserConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let site: ServedSite
    private var request: HTTPRequest?
    /// How long a stranger may take to say what it wants.
    private static let patience = TimeAmount.seconds(5)
    private var hasAsked = false
    /// Who is told news says nothing any more, for as long as a page is open.
    private var isListening = false

    init(_ site: ServedSite) { self.site = site }

    func channelActive(context: ChannelHandlerContext) {
        let own = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: Self.patience) {
            let (connection, context) = own.value
            if !connection.hasAsked { context.close(promise: nil) }
        }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            request = HTTPRequest(head)
            if request == nil { refuse(context) }
        // Nothing that is answered has a body.
        case .body: refuse(context)
        case .end:
            guard let request else { return }
            self.request = nil
            // An answer may take longer than a stranger may.
            hasAsked = true
            let own = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            site.answer(request, for: context.eventLoop).whenComplete { result in
                let (connection, context) = own.value
                connection.send(try? result.get(), to: request, context)
            }
        }
    }

    private func send(_ reply: HTTPReply?, to request: HTTPRequest, _ context: ChannelHandlerContext) {
        guard let reply else { return refuse(context) }
        let keeps = request.keepsConnection && !reply.tellsChanges
        let head = reply.head(request, policy: site.policy, keepsConnection: keeps)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if reply.tellsChanges {
            context.flush()
            isListening = true
            return tellNews(context)
        }
        if request.method != "HEAD", !reply.body.isEmpty {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: reply.body)))), promise: nil)
        }
        end(context, closes: !keeps)
    }

    /// Server-sent events; the browser is heard no more.
    private func tellNews(_ context: ChannelHandlerContext) {
        let channel = context.channel
        site.tellNews { words in
            let part = HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: words)))
            return channel.isActive && (try? channel.writeAndFlush(part).wait()) != nil
        }
    }

    private func end(_ context: ChannelHandlerContext, closes: Bool) {
        let own = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
            if closes { own.value.close(promise: nil) }
        }
    }

    /// Strangers are told nothing, not even what was wrong.
    private func refuse(_ context: ChannelHandlerContext) {
        request = nil
        let head = HTTPResponseHead(
            version: .http1_1, status: .forbidden, headers: ["Content-Length": "0", "Connection": "close"])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        end(context, closes: true)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent, !isListening { context.close(promise: nil) }
    }

    /// What is no request of HTTP/1, or too long.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { refuse(context) }
}
