// What fetches one camera's packets, whichever way it does so.
// **camera → packets** → looks → frames → detections → incidents

/// Reads one camera from `start()` until `requestStop()`, reconnecting by itself. Any thread may call these.
protocol CameraFeed: AnyObject, Sendable {
    func start()
    /// Ends the connection soon; does not wait.
    func requestStop()
    /// Waits until nothing of this feed runs any more; false after `timeout`. Blocks.
    func join(timeout: Duration) -> Bool
}
