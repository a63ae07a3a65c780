// A group whose messages are in a database: what its lease is, what can never change, and that no two groups of a cluster use
// the same tables. That groups of other clusters do not is found by the brokers themselves, which write their name into them.
import { parseDuration } from '../../../broker/config/duration-and-size.ts'
import { moreThanNothing, type Rule, wrong } from './rule.ts'

interface LeaseToCheck {
  readonly duration: string
  readonly renewInterval: string
}

interface JdbcToCheck {
  readonly secretRef: { readonly name: string }
  readonly keys: { readonly url: string }
  readonly tablePrefix: string
}

interface GroupToCheck {
  readonly storage: { readonly jdbc?: JdbcToCheck | undefined }
}

interface SpecToCheck {
  readonly groups?: readonly GroupToCheck[] | undefined
  readonly groupTemplate?: GroupToCheck | undefined
  readonly groupCount?: number | undefined
}

/** Of `storage.jdbc`. */
export const jdbcRules: readonly Rule<never>[] = [
  {
    cel: {
      rule: 'self.tablePrefix == oldSelf.tablePrefix',
      message:
        'storage.jdbc.tablePrefix: cannot be changed, the messages are in the tables of that name; accepted: the prefix it was created with',
      fieldPath: '.tablePrefix',
    },
  },
]

/** Of `storage.jdbc.lease`. */
export const leaseRules: readonly Rule<LeaseToCheck>[] = [
  {
    cel: {
      rule: "duration(self.renewInterval) > duration('0s')",
      message: 'storage.jdbc.lease.renewInterval: must be more than 0s, such as 1s',
      fieldPath: '.renewInterval',
    },
    check: ({ renewInterval }) => moreThanNothing('.renewInterval', renewInterval, '1s'),
  },
  {
    cel: {
      rule: 'duration(self.duration) > duration(self.renewInterval)',
      message:
        'storage.jdbc.lease.duration: must be more than renewInterval, or the lease ends before it is renewed; such as 5s with 1s',
      fieldPath: '.duration',
    },
    check: ({ duration, renewInterval }) =>
      (parseDuration(duration) ?? 0) > (parseDuration(renewInterval) ?? 0)
        ? undefined
        : wrong('.duration', duration, `expected more than renewInterval, which is ${renewInterval}`),
  },
]

/** Of the spec. */
export const jdbcGroupRules: readonly Rule<SpecToCheck>[] = [
  {
    cel: {
      rule: '!has(self.groupTemplate) || !has(self.groupTemplate.storage.jdbc) || !has(self.groupCount) || self.groupCount == 1',
      message:
        'spec.groupTemplate.storage.jdbc: with groupCount above 1 all groups would use the same tables; accepted: groups one by one in spec.groups, each with a tablePrefix or a Secret of its own',
      fieldPath: '.groupTemplate.storage.jdbc',
    },
    check: ({ groupTemplate, groupCount = 1 }) =>
      groupTemplate?.storage.jdbc && groupCount !== 1
        ? wrong(
            '.groupTemplate.storage.jdbc',
            groupCount,
            'expected one group, or each in spec.groups with tables of its own',
          )
        : undefined,
  },
  {
    cel: {
      rule: '!has(self.groups) || self.groups.all(group, !has(group.storage.jdbc) || self.groups.exists_one(other, has(other.storage.jdbc) && other.storage.jdbc.secretRef.name == group.storage.jdbc.secretRef.name && other.storage.jdbc.keys.url == group.storage.jdbc.keys.url && other.storage.jdbc.tablePrefix == group.storage.jdbc.tablePrefix))',
      message:
        'spec.groups: two groups use the same tables: storage.jdbc with the same Secret and the same tablePrefix; accepted: a tablePrefix or a Secret of its own for each group',
      fieldPath: '.groups',
    },
    check: ({ groups = [] }) => {
      const tables = groups.map(({ storage: { jdbc } }) => jdbc && tablesOf(jdbc))
      const index = tables.findIndex((one, at) => one !== undefined && tables.indexOf(one) < at)
      if (index === -1) return undefined
      const accepted = `expected another one, or another Secret, than that of groups[${tables.indexOf(tables[index])}]`
      return wrong(`.groups[${index}].storage.jdbc.tablePrefix`, groups[index]!.storage.jdbc!.tablePrefix, accepted)
    },
  },
]

const tablesOf = ({ secretRef, keys, tablePrefix }: JdbcToCheck): string =>
  JSON.stringify([secretRef.name, keys.url, tablePrefix])
