// The string formats that schemas may name. An unknown format accepts everything, as the real server's does.
import { parseQuantity } from '../../base/quantity.ts'

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
