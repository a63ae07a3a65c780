// Label selectors as the operator writes them: `a=b,c`.
import type { KubeObject } from '../../operator/kube/port.ts'

export const isSelected = ({ metadata }: KubeObject, selector: string | undefined): boolean =>
  (selector ?? '')
    .split(',')
    .filter(Boolean)
    .every((term) => {
      const [key, value] = term.split('=')
      const label = metadata.labels?.[key!]
      return value === undefined ? label !== undefined : label === value
    })
