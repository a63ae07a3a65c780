// What a container runtime is told (OCI runtime specification, config.json) to run a pod's container as a kubelet would: the
// image's entry with the container's arguments, its mounts, its security context, the runtime's default seccomp profile.
import { readFileSync } from 'node:fs'

export interface User {
  readonly uid: number
  readonly gid: number
  /** Supplementary group that volumes belong to. */
  readonly fsGroup: number
}

export interface Mount {
  readonly mountPath: string
  /** A folder of this machine; without one the mount is in memory. */
  readonly source?: string
  readonly readOnly?: boolean
}

export interface ContainerSpec {
  readonly hostname: string
  /** Without its terminal, so without HOME and TERM: nothing may need those. */
  readonly env: readonly string[]
  readonly args: readonly string[]
  readonly cwd: string
  readonly user: User
  readonly mounts: readonly Mount[]
}

export function buildRuntimeSpec(
  rootDirectory: string,
  { hostname, env, args, cwd, user, mounts }: ContainerSpec,
): object {
  return {
    ociVersion: '1.0.2',
    hostname,
    root: { path: rootDirectory, readonly: true },
    process: {
      terminal: false,
      user: { uid: user.uid, gid: user.gid, additionalGids: [user.fsGroup] },
      args,
      env,
      cwd,
      noNewPrivileges: true,
      capabilities: { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] },
    },
    mounts: [...kernelMounts, ...mounts.map(buildMount)],
    linux: {
      namespaces: ['pid', 'network', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
      maskedPaths: ['/proc/kcore', '/proc/keys', '/proc/timer_list', '/sys/firmware'],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
      seccomp: buildSeccomp(),
    },
  }
}

const kernelMounts = [
  { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
  { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'strictatime', 'mode=755', 'size=64k'] },
  { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['nosuid', 'noexec', 'nodev', 'mode=1777'] },
  { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
]

function buildMount({ mountPath, source, readOnly }: Mount): object {
  return source === undefined
    ? { destination: mountPath, type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'nodev', 'mode=1777'] }
    : { destination: mountPath, type: 'bind', source, options: ['rbind', readOnly === true ? 'ro' : 'rw'] }
}

/** Debian's golang-github-containers-common, which comes with buildah. */
const profileFile = '/usr/share/containers/seccomp.json'

interface Conditions {
  readonly arches?: readonly string[]
  readonly caps?: readonly string[]
}

interface Profile {
  readonly defaultAction: string
  readonly defaultErrnoRet: number
  readonly syscalls: readonly {
    readonly names: readonly string[]
    readonly action: string
    readonly args: readonly object[] | null
    readonly errnoRet?: number
    readonly includes: Conditions
    readonly excludes: Conditions
  }[]
}

/** Names of this machine's architecture, in the profile's conditions and in libseccomp. */
const [architecture, seccompArchitecture] =
  process.arch === 'arm64' ? ['arm64', 'SCMP_ARCH_AARCH64'] : ['amd64', 'SCMP_ARCH_X86_64']

/** The profile for a container without capabilities, in the runtime's terms. */
function buildSeccomp(): object {
  const profile = JSON.parse(readFileSync(profileFile, 'utf8')) as Profile
  return {
    defaultAction: profile.defaultAction,
    defaultErrnoRet: profile.defaultErrnoRet,
    architectures: [seccompArchitecture],
    syscalls: profile.syscalls
      .filter(
        ({ includes, excludes }) =>
          (includes.caps ?? []).length === 0 &&
          (includes.arches ?? [architecture]).includes(architecture) &&
          !(excludes.arches ?? []).includes(architecture),
      )
      .map(({ names, action, args, errnoRet }) => ({
        names,
        action,
        args: args ?? [],
        ...(errnoRet !== undefined && { errnoRet }),
      })),
  }
}
