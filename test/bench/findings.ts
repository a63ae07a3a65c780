// Written by people after a profile: what stands in the way where a cell does not reach its goal. By cell id; the
// harness puts it under the cell's table. Remove an entry when it is no longer true. What the client costs is in the raw data
// of each run (clientCpu).
const faster = 'On another machine, of twice the speed,'

/** Of the page of databases. */
export const jdbcFindings: Readonly<Record<string, string>> = {}

export const findings: Readonly<Record<string, string>> = {
  'queue-1x1':
    `${faster} and with the loose encoding, our broker took 0.43x of the best peer's CPU. What it needs there has no single place: ` +
    '12 % is the system call of its writes, 7 % comparing ids with those of the command before, 5 % making views of buffers.',
  'persistent-1x1':
    'Almost no message is written here: its consumer acknowledges it before its write begins. So it is the round trip that limits, ' +
    '179 µs, in which the client works for 117 µs and our broker for 111 µs; a sync of this disk takes 90 µs.',
  'persistent-16x16':
    'The client needs 80 µs of the two cores for each message and our broker 73 µs. 2.5x would be 12,000 messages/s, and two ' +
    'cores that never wait could do 13,000 at that price.',
  'queue-100k':
    `${faster} it was 0.81x in throughput and 0.75x in CPU: we offered the loose encoding, for which the sending thread of the client ` +
    'works 86 µs on each message instead of 32, because its buffer grows with the body in it, twice. Since then we offer the ' +
    'tight one. It has not been measured on such a machine.',
  latency:
    'Between the read of a message and its write to the consumer our broker takes 44 µs, 153 µs for the slowest of a hundred ' +
    '(system calls traced, 1,900 messages, on a faster machine). The rest is the client and the waking of its threads, which no ' +
    'broker can spare it. The p99 of single runs lies between 5 and 24 ms for us and for both of ActiveMQ: it is that of the ' +
    `machine, which had other guests. ${faster} it was 2.2 ms, 0.64x of the best peer.`,
}
