"""What is said of a limit that does not hold: where the time goes, and what would change it."""

LANE = """\
nginx spends {nginx} on the whole of its answer, most of it in the kernel, for a read, a write and its share of a poll,
which a gateway has, too. Of the {whole} of a check with a new URI, {steps} are the steps that say what the check
means (below, each with its time): a keyed digest of the head, the route, the lease, the rate, the use and the metric.
The other {rest} are the kernel's part, the event loop, the caches, and the writing of the answer. Written in C it would
cost less. Leaving out the use or the rate would change it as well, and is not on offer."""

MANY = """\
every token has an answer, a rate and a use of its own. One token's stay in the processor's caches, those of
thousands do not; routes alone add little, as their row shows. Fewer and flatter objects for each token would change
it."""

ASKING = """\
nginx asks once more for every request, and asking costs by itself: the very same config takes {floor} x when it
asks a constant `return 204` in place of the gateway, which is the least that anybody could answer for. The gateway
is the other {asking}. The app here is a constant, and is not counted; next to one that works for its answers all of
this is less."""

WRONG = """\
no store and no argon2 is in it. The token and its checksum are read, its id is looked for, as much is hashed as for an
id that there is, and the refusal is held against the limit of its network, noted for the audit, measured and offered to
the log. A token has to be looked at before it is refused, even from a network beyond its
limit: whoever holds a right one behind the same address must pass. Written in C it would cost less."""

SIEGE = """\
one loop answers all of them, in the order in which they come: at 1,000 a second each, a valid check waits for the
wrong one before it. More workers share that."""
