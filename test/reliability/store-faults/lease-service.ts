// A Lease of the stand-in's API server, for members whose service account is a folder.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createApiServer, type ApiServer } from '../../../hack/localkube/api-server.ts'

const namespace = 'default'

export class LeaseService {
  readonly env: NodeJS.ProcessEnv
  readonly #api: ApiServer

  static async start(host: string, directory: string): Promise<LeaseService> {
    const account = join(directory, 'service-account')
    mkdirSync(account)
    writeFileSync(join(account, 'namespace'), namespace)
    const api = createApiServer()
    const { url } = await api.listen(host)
    return new LeaseService(api, { FLOTILLA_API_SERVER: url, FLOTILLA_SERVICE_ACCOUNT: account })
  }

  private constructor(api: ApiServer, env: NodeJS.ProcessEnv) {
    this.#api = api
    this.env = env
  }

  storeConfig(addresses: readonly string[]): object {
    return {
      lease: { name: 'store-faults', namespace, duration: '2s', renewInterval: '500ms' },
      members: addresses.map((address, index) => ({ name: `member-${index}`, address })),
    }
  }

  stop(): Promise<void> {
    return this.#api.close()
  }
}
