"""The notifications room: live pages. A socket says that something changed, never what; the page then asks the server.

    act committed -> audit.recorded -> live.publish -> one Redis channel -> Hub of each socket process -> its sockets -> page asks again

A message that gets lost costs a refresh: pages ask by themselves every 20 s as well. Topics are `queue:<id>`, `case:<id>`,
`presence:<case id>`, and `person:<id>`, which only that person hears: somebody wrote to them.
What a socket may hear is checked when it subscribes and every two seconds from then on, for all sockets of a process together; whoever
has signed out, was disabled or lost a right is cut off within five seconds, and so is everybody while nothing can be checked.

Whoever listens to `presence:<case id>` has that case's page open: `presence` keeps it in Redis, and the page asks for the names. A case that
hides who answered it hides them there, too, and no bell rings for them.

Owns no tables. Public: `consumers.LiveConsumer`, `live.publish` (called through the signal), `live.socket_url`.
"""
