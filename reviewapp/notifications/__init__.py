"""The notifications room: live pages. A socket says that something changed, never what; the page then asks the server.

Web processes publish topics to one Redis channel on commit; every ASGI process relays them to its own sockets. A lost message costs a refresh:
pages poll as well.

Public: `consumers.LiveConsumer`, `live.publish` (called through the signal `audit.recorded`).
"""
