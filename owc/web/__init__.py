"""HTTP and Socket.IO: handlers that translate and call one service function."""
