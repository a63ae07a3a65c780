// Written by people after a profile: what stands in the way where a cell does not reach its goal. By cell id; the
// harness puts it under the cell's table. Remove an entry when it is no longer true. What the client costs is in the raw data
// of each run (clientCpu).
const loose =
  'We offer the loose encoding, because then our broker forwards what it gets as it is; ActiveMQ offers the tight one, in which ' +
  'the client copies less.'

export const findings: Readonly<Record<string, string>> = {
  'queue-1x1':
    'No single place: of the time of our broker 12 % is the system call of its writes, 7 % comparing ids with those of the command ' +
    'before, 5 % making views of buffers, 4 % garbage collection.',
  'persistent-16x16':
    'The client needs 36 µs of the two cores for each message and our broker 30 µs. 2.5x would be 31,000 messages/s, which is ' +
    'all that two cores can do at that price.',
  'topic-1x10': `The client needs 4.9 µs of the two cores for each delivery, and 3.6 to 4.3 with ActiveMQ; our broker 2.3 µs. ${loose}`,
  latency:
    'Between the read of a message and its write to the consumer our broker takes 44 µs, 153 µs for the slowest of a hundred ' +
    '(system calls traced, 1,900 messages). The rest is the client and the waking of its threads, which no broker can spare it.',
  'queue-10k': `The client needs 26 µs of the two cores for each message, and 17 µs with ActiveMQ; our broker 12.6 µs. ${loose}`,
  'queue-100k':
    `With our broker the sending thread of the client works for 86 µs on each message, with ActiveMQ for 32 µs. ${loose} With the ` +
    'loose one its buffer starts small and is grown with the body in it, twice. Offering the tight one here brings 36 µs, but ' +
    'costs our broker what it saves, and twice its time with small messages. Of our broker a quarter is the system call of ' +
    'its writes, an eighth the copy from the read buffer into the frame that is kept, as much the waking of the sender, whose ' +
    'socket takes one and a half messages.',
}
