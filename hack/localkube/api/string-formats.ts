// The string formats that schemas may name. An unknown format accepts everything, as the real server's does.
import { parseQuantity } from './quantity.ts'

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const dateTime = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const uuid = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i
const ipv4 = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/
const ipv6 = /^(?=.*:.*:)[0-9a-fA-F:.]{2,45}$/
const duration =
  /^[+-]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h|d|w)((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h|d|w))*$|^[+-]?0$/

const formats: Readonly<Record<string, (text: string) => boolean>> = {
  quantity: (text) => parseQuantity(text) !== undefined,
  byte: (text) => base64.test(text.replaceAll(/[\r\n]/g, '')),
  'date-time': (text) => dateTime.test(text) && !Number.isNaN(Date.parse(text)),
  datetime: (text) => dateTime.test(text) && !Number.isNaN(Date.parse(text)),
  date: (text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)),
  duration: (text) => duration.test(text),
  uuid: (text) => uuid.test(text),
  ipv4: (text) => ipv4.test(text),
  ipv6: (text) => ipv6.test(text),
  ip: (text) => ipv4.test(text) || ipv6.test(text),
  cidr: (text) => /^[^/]+\/\d{1,3}$/.test(text),
  hostname: (text) =>
    text.length <= 255 && text.split('.').every((part) => /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/i.test(part)),
  uri: (text) => URL.canParse(text),
  email: (text) => /^[^@\s]+@[^@\s]+$/.test(text),
  mac: (text) => /^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(text),
  password: () => true,
}

export const formatOf = (name: string): ((text: string) => boolean) | undefined =>
  Object.hasOwn(formats, name) ? formats[name] : undefined

const labelText =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const subdomainText =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"

/** Why a text is no RFC 1123 label; undefined if it is one. */
export function labelFault(text: string): string | undefined {
  if (text.length > 63) return 'must be no more than 63 characters'
  return label.test(text) ? undefined : labelText
}

/** Why a text is no RFC 1123 subdomain, the form of most names; undefined if it is one. */
export function subdomainFault(text: string): string | undefined {
  if (text.length > 253) return 'must be no more than 253 characters'
  return text.split('.').every((part) => label.test(part)) ? undefined : subdomainText
}

const keyName = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/

/** Why a text is no label or annotation key. */
export function qualifiedNameFault(text: string): string | undefined {
  const parts = text.split('/')
  if (parts.length > 2) return 'a qualified name must have at most one prefix and a name'
  const [prefix, name] = parts.length === 2 ? [parts[0]!, parts[1]!] : [undefined, parts[0]!]
  if (prefix !== undefined && (prefix === '' || subdomainFault(prefix) !== undefined))
    return `prefix part ${prefix === '' ? 'must be non-empty' : subdomainText}`
  if (name === '') return 'name part must be non-empty'
  if (name.length > 63) return 'name part must be no more than 63 characters'
  return keyName.test(name)
    ? undefined
    : "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
}

/** Why a text is no label value. */
export function labelValueFault(text: string): string | undefined {
  if (text.length > 63) return 'must be no more than 63 characters'
  return text === '' || keyName.test(text)
    ? undefined
    : "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
}
