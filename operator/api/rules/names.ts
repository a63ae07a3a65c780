// The name of a cluster: it becomes the name of Services and, with the name of a group, of everything else.
import { maxStatefulSetNameLength } from '../limits.ts'
import { type Rule, wrong } from './rule.ts'

interface NamedCluster {
  readonly metadata: { readonly name: string }
  readonly spec: { readonly groups?: readonly { readonly name: string }[] | undefined }
}

/** Names of groups from groupTemplate are g0 to g15: with the dash, four characters. */
const templateSuffixLength = 4

export const nameRules: readonly Rule<NamedCluster>[] = [
  {
    cel: {
      rule: "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
      message:
        'metadata.name: names the Services too; accepted: lower-case letters, digits and "-", first a letter, last a letter or digit',
    },
    check: ({ metadata: { name } }) =>
      /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name)
        ? undefined
        : wrong(
            '.metadata.name',
            name,
            'expected lower-case letters, digits and "-", first a letter, last a letter or digit: it names the Services',
          ),
  },
  {
    cel: {
      rule: `has(self.spec.groups) ? self.spec.groups.all(group, size(self.metadata.name) + 1 + size(group.name) <= ${maxStatefulSetNameLength}) : size(self.metadata.name) <= ${maxStatefulSetNameLength - templateSuffixLength}`,
      message: `metadata.name: too long for the names of children; accepted: ${maxStatefulSetNameLength - templateSuffixLength} characters with groupTemplate, ${maxStatefulSetNameLength - 1} less the longest group name with groups`,
    },
    check: ({ metadata: { name }, spec: { groups } }) => {
      const suffix = groups ? Math.max(...groups.map((group) => 1 + group.name.length)) : templateSuffixLength
      const accepted = maxStatefulSetNameLength - suffix
      return name.length <= accepted
        ? undefined
        : wrong('.metadata.name', name, `expected at most ${accepted} characters: children are named by it`)
    },
  },
]
