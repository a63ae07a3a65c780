// Written by people after a profile: what stands in the way where a cell does not reach its goal. By cell id; the
// harness puts it under the cell's table. Remove an entry when it is no longer true.
export const findings: Readonly<Record<string, string>> = {}
