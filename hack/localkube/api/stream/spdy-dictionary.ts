// The dictionary with which SPDY/3 compresses headers, as its draft has it: words, each after its length in four bytes, then
// text without lengths. One other byte and no header can be read.

const words =
  `options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow
authorization cache-control connection content-base content-encoding content-language content-length content-location
content-md5 content-range content-type date etag expect expires from host if-match if-modified-since if-none-match if-range
if-unmodified-since last-modified location max-forwards pragma proxy-authenticate proxy-authorization range referer
retry-after server te trailer transfer-encoding upgrade user-agent vary via warning www-authenticate method get
status|200 OK|version HTTP/1.1 url public set-cookie keep-alive origin`
    .split('\n')
    .flatMap((line) => (line.includes('|') ? splitAroundBars(line) : line.split(' ')))

/** Words that have a blank in them stand between bars. */
function splitAroundBars(line: string): string[] {
  return line.split('|').flatMap((part, index) => (index % 2 === 1 ? [part] : part.split(' ')))
}

const statusCodes = [
  '100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505',
  '203 Non-Authoritative Information',
  '204 No Content',
  '301 Moved Permanently',
  '400 Bad Request',
  '401 Unauthorized',
  '403 Forbidden',
  '404 Not Found',
  '500 Internal Server Error',
  '501 Not Implemented',
  '503 Service Unavailable',
].join('')
const dates = 'Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT'
const values =
  'chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,' +
  'publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.'

export const headerDictionary: Buffer = Buffer.concat([
  ...words.map((word) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(word.length)
    return Buffer.concat([length, Buffer.from(word, 'latin1')])
  }),
  Buffer.from(statusCodes + dates + values, 'latin1'),
])
