// Written by people after a profile: what stands in the way where a cell does not reach its goal. By cell id; the
// harness puts it under the cell's table. Remove an entry when it is no longer true.
export const findings: Readonly<Record<string, string>> = {
  'queue-1x1':
    'No single place. Of the busy time of our broker 10 % is the system call of its writes, 9 % garbage collection, and about 10 % ' +
    'goes into ids that are the same in each acknowledgement and are decoded into new strings each time.',
  'persistent-1x1':
    'A sync of this disk takes about 0.1 ms, less than a round trip through one client and the broker: a single producer cannot ' +
    'come near the rate of the disk. Few messages touch it: they are acknowledged before their write begins.',
  'topic-1x10':
    'As with queues: 14 % of the busy time is the system call of the writes, 8 % garbage collection, about 10 % the decoding of ids.',
  'queue-10k': 'As with 100 KiB, less so.',
  'queue-100k':
    '42 % of the busy time is garbage collection. A message takes about 200 KB of buffers (what the socket is read into, and the ' +
    'frame that is kept), and for every 40 MB of such buffers V8 collects its whole heap. Reading into a buffer that is used again ' +
    'would halve that; Node offers it for sockets that were opened, not for those that were accepted.',
  backlog: 'Of the peak about 80 MiB are Node itself and the code.',
}
