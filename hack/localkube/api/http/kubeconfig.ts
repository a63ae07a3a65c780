// The kubeconfig with which an unmodified kubectl finds the stand-in: plain HTTP, no credentials.

/** YAML text. `url` as `listen` returned it. */
export function buildKubeconfig(url: string, namespace = 'default', name = 'localkube'): string {
  return `apiVersion: v1
kind: Config
clusters:
- name: ${name}
  cluster:
    server: ${JSON.stringify(url)}
contexts:
- name: ${name}
  context:
    cluster: ${name}
    namespace: ${JSON.stringify(namespace)}
    user: ${name}
current-context: ${name}
users:
- name: ${name}
  user: {}
`
}
