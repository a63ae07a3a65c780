// What is generated from the schema: paths from the root of the repository, and texts. Pure.
import { dump } from 'js-yaml'
import { buildBrokerClusterCrd } from './crd.ts'
import { buildReference } from './reference.ts'

const notice = '# Generated from operator/api by `npm run crds`; not to be edited by hand.\n'

export function generatedFiles(): Record<string, string> {
  const crd = notice + dump(buildBrokerClusterCrd(), { lineWidth: 120, noRefs: true })
  return {
    'crds/flotilla.dev_brokerclusters.yaml': crd,
    // Its template (templates/crd.yaml) takes it from here; a link would not survive packaging.
    'charts/flotilla/files/brokerclusters.yaml': crd,
    'docs/brokercluster-reference.md': buildReference(),
  }
}
