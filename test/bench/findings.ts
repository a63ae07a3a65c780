// Written by people after a profile: what stands in the way where a cell does not reach its goal. By cell id; the
// harness puts it under the cell's table. Remove an entry when it is no longer true.
export const findings: Readonly<Record<string, string>> = {
  'queue-1x1':
    'No single place: our broker is busy for 60 % of the time, the rest is the client. Of that 8 to 20 % is the system call of its ' +
    'writes, 5 % garbage collection, 7 % looking ids up (their bytes are compared with those of the command before), 3 % the clock.',
  'queue-4x4':
    'The client has both cores: our broker is busy for 60 % of the time. 20 % of that is the system call of its writes, 5 % garbage ' +
    'collection, 4 % each the comparing of ids and the search for an acknowledged message.',
  'persistent-1x1':
    'A sync of this disk takes about 0.1 ms, less than a round trip through one client and the broker: a single producer cannot ' +
    'come near the rate of the disk. Few messages touch it: they are acknowledged before their write begins.',
  'persistent-16x16':
    'As with non-persistent messages the client has the cores; the peers gain from a warm-up more than we do.',
  'queue-100k':
    'Our broker is busy for four fifths of the time, on one thread; the peers read and write on several. 22 % of that is the system ' +
    'call of the writes and 20 % garbage collection (it was 42 % while each read made a buffer of its own and V8 collected its ' +
    'heap for each 64 MiB of them). What comes into the read buffer is copied once more into the frame that is kept: a large frame ' +
    'could be read into its own memory.',
  latency:
    'Not the disk: it is the same in memory. In the profile our only thread is not run for 10 to 30 ms now and then (a function of ' +
    'microseconds is sampled for 13 ms) while the many threads of the client, those that compile included, have both cores. ' +
    'Probably the peers, with many threads themselves, get a larger share of a scheduler that is fair to threads.',
  'start-empty':
    'A fifth of the start is the loading of what takes the types out of the sources; built JavaScript would do without. The same start takes ' +
    '280 to 450 ms from one time to the next on this machine.',
}
