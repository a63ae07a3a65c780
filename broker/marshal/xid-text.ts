// The text of an XA transaction id, as ActiveMQ writes it: bytes as signed ints in hex without padding
// (ActiveMQ: XATransactionId.toString).

export const xidText = (formatId: number, globalTransactionId: Buffer | null, branchQualifier: Buffer | null): string =>
  `XID:[${formatId},globalId=${signedHex(globalTransactionId)},branchId=${signedHex(branchQualifier)}]`

function signedHex(bytes: Buffer | null): string {
  if (bytes === null) return ''
  let text = ''
  for (const byte of bytes) text += (byte > 0x7f ? 0xffff_ff00 + byte : byte).toString(16)
  return text
}
