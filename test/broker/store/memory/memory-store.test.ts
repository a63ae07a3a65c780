import { MemoryStore } from '../../../../broker/store/memory/memory-store.ts'
import { messageStoreContract } from '../../../contract/message-store.ts'
import { soleOwner } from '../../../support/sole-owner.ts'

messageStoreContract('MemoryStore', async () => ({
  async open() {
    const store = new MemoryStore()
    return { store, recovered: await store.open(soleOwner(1)) }
  },
}))
