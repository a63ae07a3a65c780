// Runs first in every Node process of a pod (NODE_OPTIONS=--import) and makes the process believe in its pod:
//   listening   on every interface or on loopback means on the pod's own address;
//   names       of Services and of pods behind headless ones resolve as cluster DNS would, in this process's namespace;
//   connecting  to a Service's name or cluster IP leads to a ready endpoint and its port; to loopback, to this pod;
//   hostname    is the pod's;
//   lifeline    file descriptor 3 ends when the stand-in is gone: then this process group ends too.
// With `remapPorts` (a system that has 127.0.0.1 only) ports are really free ones of 127.0.0.1; which, stands in
// `<portsRoot>/<pod address>/<port>`, and connecting goes by that.
// A process outside of pods (LOCALKUBE_POD without `ip`) gets the names and the connecting only.
// Plain JavaScript without dependencies: it is loaded by whatever Node the container runs. UDP and SRV lookups are left alone.
import dns from 'node:dns'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'
import os from 'node:os'
import { isMainThread } from 'node:worker_threads'

/** @type {{namespace: string, hostname?: string, ip?: string, networkFile: string, portsRoot: string, remapPorts: boolean}} */
const pod = JSON.parse(process.env.LOCALKUBE_POD ?? 'null')

if (pod) {
  if (isMainThread) holdLifeline()
  if (pod.hostname) os.hostname = () => pod.hostname
  patchLookup()
  patchResolve()
  patchConnect()
  if (pod.ip) patchListen()
  syncBuiltinESMExports()
}

function holdLifeline() {
  const descriptor = Number(process.env.LOCALKUBE_LIFELINE)
  // Processes started by this one belong to its group and end with it.
  delete process.env.LOCALKUBE_LIFELINE
  if (!descriptor) return
  const endGroup = () => process.kill(0, 'SIGKILL')
  try {
    const lifeline = new net.Socket({ fd: descriptor, readable: true, writable: false })
    lifeline.on('end', endGroup).on('error', endGroup).on('close', endGroup)
    lifeline.resume()
    lifeline.unref()
  } catch {
    // Not inherited (a shell in between closed it): the next start of the stand-in ends this process.
  }
}

// --- names ---

let network = { services: {} }
let networkVersion = ''

/** The network file as it is now; it is replaced as a whole, so that its identity tells of every change. */
function currentNetwork() {
  try {
    const { ino, mtimeMs, size } = fs.statSync(pod.networkFile)
    const version = `${ino}/${mtimeMs}/${size}`
    if (version !== networkVersion) {
      network = JSON.parse(fs.readFileSync(pod.networkFile, 'utf8'))
      networkVersion = version
    }
  } catch {
    // Gone or never written: what was known stays true.
  }
  return network
}

/** The Services that a name may mean, by cluster DNS and its search path: `[pod hostname or undefined, namespace/service]`. */
function candidates(labels, complete) {
  const [a, b, c] = labels
  if (labels.length === 1) return complete ? [] : [[undefined, `${pod.namespace}/${a}`]]
  const service = [undefined, `${b}/${a}`]
  if (labels.length === 2) return complete ? [service] : [[a, `${pod.namespace}/${b}`], service]
  return labels.length === 3 ? [[a, `${c}/${b}`]] : []
}

/**
 * What cluster DNS says about a name: `{service, addresses}`, `'absent'` for a cluster name that has no addresses,
 * `undefined` for a name that is none of the cluster's.
 */
function resolveName(name) {
  const host = String(name).toLowerCase().replace(/\.$/, '')
  if (host === '' || host === 'localhost' || net.isIP(host)) return undefined
  if (pod.ip && host === pod.hostname) return { addresses: [pod.ip] }
  const complete = /\.svc(\.cluster\.local)?$|\.cluster\.local$/.test(host)
  const relative = host.replace(/\.cluster\.local$/, '').replace(/\.svc$/, '')
  let known = complete
  for (const [hostname, key] of candidates(relative.split('.'), complete)) {
    const service = currentNetwork().services[key]
    if (!service) continue
    known = true
    if (hostname !== undefined && service.hosts[hostname]) return { addresses: [service.hosts[hostname]] }
    if (hostname !== undefined) continue
    if (service.externalName) return { externalName: service.externalName, addresses: [] }
    const addresses = shuffled(service.addresses)
    if (addresses.length > 0) return { service, addresses }
    if (service.clusterIp) return { service, addresses: [service.clusterIp] }
  }
  return known ? 'absent' : undefined
}

const shuffled = (list) =>
  list
    .map((value) => [Math.random(), value])
    .sort(([a], [b]) => a - b)
    .map(([, value]) => value)

function notFound(name, syscall) {
  const error = new Error(`${syscall} ENOTFOUND ${name}`)
  return Object.assign(error, { errno: -3008, code: 'ENOTFOUND', syscall, hostname: name })
}

/** `{addresses}`, `{error}`, or `undefined` when the name is not ours. */
function lookUp(name, family, syscall) {
  const found = resolveName(name)
  if (found === undefined || found.externalName) return undefined
  if (found === 'absent' || family === 6 || family === 'IPv6') return { error: notFound(name, syscall) }
  return { addresses: found.addresses }
}

const aliasOf = (name) => {
  const found = resolveName(name)
  return (found !== 'absent' && found?.externalName) || name
}

function patchLookup() {
  const original = dns.lookup
  const asOptions = (options) => (typeof options === 'number' ? { family: options } : (options ?? {}))
  dns.lookup = inherit(original, function lookup(name, options, callback) {
    const done = typeof options === 'function' ? options : callback
    const given = typeof options === 'function' ? {} : asOptions(options)
    const found = typeof done === 'function' ? lookUp(name, given.family, 'getaddrinfo') : undefined
    if (!found) return Reflect.apply(original, this, [aliasOf(name), ...[...arguments].slice(1)])
    process.nextTick(() => {
      if (found.error) done(found.error)
      else if (given.all) done(null, found.addresses.map(asRecord))
      else done(null, found.addresses[0], 4)
    })
    return {}
  })
  const originalPromise = dns.promises.lookup
  dns.promises.lookup = async function lookup(name, options) {
    const given = asOptions(options)
    const found = lookUp(name, given.family, 'getaddrinfo')
    if (!found) return originalPromise.call(this, aliasOf(name), options)
    if (found.error) throw found.error
    return given.all ? found.addresses.map(asRecord) : asRecord(found.addresses[0])
  }
}

const asRecord = (address) => ({ address, family: 4 })

function patchResolve() {
  const originalPromise = dns.promises.resolve4
  dns.promises.resolve4 = async function resolve4(name, options) {
    const found = lookUp(name, 4, 'queryA')
    if (!found) return originalPromise.call(this, name, options)
    if (found.error) throw found.error
    return options?.ttl ? found.addresses.map((address) => ({ address, ttl: 1 })) : found.addresses
  }
  const original = dns.resolve4
  dns.resolve4 = inherit(original, function resolve4(name, options, callback) {
    const done = typeof options === 'function' ? options : callback
    const given = typeof options === 'function' ? undefined : options
    dns.promises.resolve4(name, given).then(
      (addresses) => done(null, addresses),
      (error) => done(error),
    )
  })
}

/** Keeps what hangs on the original function (util.promisify's symbols). */
function inherit(original, replacement) {
  for (const symbol of Object.getOwnPropertySymbols(original))
    Object.defineProperty(replacement, symbol, Object.getOwnPropertyDescriptor(original, symbol))
  return replacement
}

// --- connecting ---

const loopback = new Set(['localhost', '127.0.0.1', '::1'])
const anywhere = new Set(['', '0.0.0.0', '::', '::0', '0:0:0:0:0:0:0:0'])

/** The port of 127.0.0.1 or of the pod's address on which a pod's port really is; undefined when nobody listens. */
function realPort(ip, port) {
  try {
    return Number(fs.readFileSync(`${pod.portsRoot}/${ip}/${port}`, 'utf8')) || undefined
  } catch {
    return undefined
  }
}

/** Where a connection really goes: `{host, port}`, `'refused'`, or undefined = as asked. */
function route(host, port) {
  if (loopback.has(host)) {
    const own = pod.ip && realPort(pod.ip, port)
    return own ? { host: pod.remapPorts ? '127.0.0.1' : pod.ip, port: own } : undefined
  }
  const found = net.isIP(host) ? serviceOfClusterIp(host) : resolveName(host)
  if (found === 'absent') return undefined // its lookup fails, as it should
  if (found?.externalName) return { host: found.externalName, port }
  if (found?.service?.clusterIp && found.addresses[0] === found.service.clusterIp) return 'refused'
  const address = found?.addresses[0] ?? host
  const target = found?.service?.ports[port] ?? port
  if (pod.remapPorts && /^127\.(?!0\.0\.1$)/.test(address)) {
    const real = realPort(address, target)
    return real ? { host: '127.0.0.1', port: real } : 'refused'
  }
  return found ? { host: address, port: target } : undefined
}

function serviceOfClusterIp(ip) {
  const service = Object.values(currentNetwork().services).find((candidate) => candidate.clusterIp === ip)
  if (!service) return undefined
  return { service, addresses: service.addresses.length > 0 ? shuffled(service.addresses) : [ip] }
}

function connectArguments(given) {
  const args = Array.isArray(given[0]) ? given[0] : given
  const [first] = args
  const callback = args.findLast((argument) => typeof argument === 'function')
  if (typeof first === 'object' && first !== null) return [first, callback]
  if (!/^\d+$/.test(String(first))) return undefined // a path
  return [{ port: Number(first), ...(typeof args[1] === 'string' ? { host: args[1] } : {}) }, callback]
}

function patchConnect() {
  const original = net.Socket.prototype.connect
  net.Socket.prototype.connect = function connect(...given) {
    const [options, callback] = connectArguments(given) ?? []
    if (!options || options.path || options.port === undefined) return original.apply(this, given)
    const host = options.host ?? 'localhost'
    const to = route(host, Number(options.port))
    if (to === undefined) return original.apply(this, given)
    if (to === 'refused') return refuse(this, host, options.port)
    return original.call(this, { ...options, host: to.host, port: to.port }, callback)
  }
}

function refuse(socket, address, port) {
  const error = new Error(`connect ECONNREFUSED ${address}:${port}`)
  socket.connecting = true
  process.nextTick(() => {
    socket.connecting = false
    socket.destroy(Object.assign(error, { errno: -111, code: 'ECONNREFUSED', syscall: 'connect', address, port }))
  })
  return socket
}

// --- listening ---

function listenArguments(args) {
  const callback = args.findLast((argument) => typeof argument === 'function')
  const [first] = args
  if (first === undefined || first === null || typeof first === 'function') return [{ port: 0 }, callback]
  if (typeof first === 'object') return [first, callback]
  if (!/^\d+$/.test(String(first))) return undefined // a path
  const host = args.slice(1).find((argument) => typeof argument === 'string')
  const backlog = args.slice(1).find((argument) => typeof argument === 'number')
  return [{ port: Number(first), ...(host === undefined ? {} : { host }), ...(backlog ? { backlog } : {}) }, callback]
}

function patchListen() {
  const original = net.Server.prototype.listen
  net.Server.prototype.listen = function listen(...args) {
    const [options, callback] = listenArguments(args) ?? []
    if (!options || options.port === undefined || options.port === null) return original.apply(this, args)
    const host = options.host ?? ''
    const own = anywhere.has(host) || loopback.has(host) || host === pod.ip || host === pod.hostname
    if (!own) return original.apply(this, args)
    const wanted = Number(options.port)
    const real = pod.remapPorts ? { host: '127.0.0.1', port: 0 } : { host: pod.ip, port: wanted }
    this.once('listening', () => recordPort(this, wanted))
    return original.call(this, { ...options, ...real, ipv6Only: false }, callback)
  }
}

function recordPort(server, wanted) {
  const real = server.address()?.port
  const port = wanted || real
  const directory = `${pod.portsRoot}/${pod.ip}`
  const file = `${directory}/${port}`
  try {
    fs.mkdirSync(directory, { recursive: true })
    fs.writeFileSync(`${file}.${process.pid}`, String(real))
    fs.renameSync(`${file}.${process.pid}`, file)
  } catch (error) {
    process.emitWarning(`Cannot record port ${port} in ${directory}: ${error.message}`)
  }
  if (pod.remapPorts) server.address = () => ({ address: pod.ip, family: 'IPv4', port })
  server.once('close', () => {
    delete server.address
    if (realPort(pod.ip, port) === real) fs.rmSync(file, { force: true })
  })
}
