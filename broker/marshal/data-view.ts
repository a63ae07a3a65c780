// Views of the memory that small buffers share: the page that sockets are read into, the page that messages are written to. To
// read four bytes at once through a view costs as much as one; to make a view for each buffer would cost more than it saves.

/** Larger memory is that of one message, which must not stay because it was the last one. */
const largestKept = 1024 * 1024

let view: DataView = new DataView(new ArrayBuffer(0))
let otherView = view

/** All of the memory that `bytes` is a part of. The last two are kept. */
export function dataViewOf({ buffer }: Uint8Array): DataView {
  if (view.buffer === buffer) return view
  const known = otherView.buffer === buffer ? otherView : new DataView(buffer)
  if (buffer.byteLength > largestKept) return known
  otherView = view
  return (view = known)
}
