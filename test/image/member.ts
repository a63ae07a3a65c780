// A member of a broker group as a container: made of the very pod template that the operator writes.
import { chownSync, chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BrokerCluster } from '../../operator/api/broker-cluster.ts'
import { parseSpec } from '../../operator/api/validate.ts'
import { configFile } from '../../operator/resources/config-map.ts'
import { buildPodTemplate } from '../../operator/resources/pod-template.ts'
import { planCluster } from '../../operator/topology/planner.ts'
import { sharedPair } from '../support/cluster-harness.ts'
import { Container } from './container.ts'
import type { Image } from './image.ts'
import type { Mount, User } from './runtime-spec.ts'

const metadata = { name: 'orders', namespace: 'shop', uid: 'uid-1' }

function podOfPair(): { template: ReturnType<typeof buildPodTemplate>; brokerConfig: object } {
  const parsed = parseSpec({ metadata, spec: sharedPair() } as BrokerCluster)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const plan = planCluster(metadata, parsed.spec, { defaultImage: 'flotilla:dev' })
  const group = plan.groups[0]!
  return { template: buildPodTemplate(plan, group), brokerConfig: group.brokerConfig }
}

const { template, brokerConfig } = podOfPair()

/** The user that the template asks for. */
export const templateUser: User = {
  uid: template.spec.securityContext.runAsUser!,
  gid: template.spec.securityContext.runAsGroup!,
  fsGroup: template.spec.securityContext.fsGroup!,
}

/** As a cluster gives one that chooses users itself: a number that no file knows, in group 0. */
export const arbitraryUser: User = { uid: 1_000_660_000, gid: 0, fsGroup: 1_000_660_000 }

/** As a kubelet prepares a volume: whose owner is root, and which the group of the pod may write. */
export function makeVolume(directory: string, { fsGroup }: User): string {
  mkdirSync(directory, { recursive: true })
  chownSync(directory, 0, fsGroup)
  chmodSync(directory, 0o2770)
  return directory
}

export interface MemberOptions {
  readonly name: string
  readonly user: User
  /** The volume of the data. */
  readonly data: string
  /** Instead of what the operator has configured. */
  readonly config?: string
  readonly env?: readonly string[]
  readonly isHeld?: boolean
}

/** `directory` holds what a kubelet would write for the pod. */
export function startMember(
  image: Image,
  directory: string,
  { name, user, data, config, env = [], isHeld = false }: MemberOptions,
): Container {
  const configuration = join(directory, `${name}-config`)
  mkdirSync(configuration, { recursive: true })
  writeFileSync(join(configuration, configFile), config ?? JSON.stringify(brokerConfig))
  const container = template.spec.containers[0]!
  const sources: Readonly<Record<string, string | undefined>> = { config: configuration, data }
  const mounts = container.volumeMounts.map(({ name, mountPath, ...rest }): Mount => ({
    mountPath,
    ...(sources[name] !== undefined && { source: sources[name] }),
    ...('readOnly' in rest && { readOnly: true }),
  }))
  return new Container(image, directory, {
    hostname: name,
    user,
    mounts,
    isHeld,
    env: [`POD_NAME=${name}`, 'POD_IP=127.0.0.1', 'KUBERNETES_SERVICE_HOST=10.96.0.1', ...env],
    args: container.args.map((argument) => argument.replace('$(POD_NAME)', name)),
  })
}
