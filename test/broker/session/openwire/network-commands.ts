// What a stock bridge says when it begins.
import type { BrokerInfo } from '../../../../broker/wire/openwire/commands.ts'

export const bridgeInfo = (fields: Partial<BrokerInfo> = {}): BrokerInfo => ({
  kind: 'BrokerInfo',
  commandId: 1,
  responseRequired: false,
  brokerId: { kind: 'BrokerId', value: 'ID:other-0:1' },
  brokerURL: 'tcp://other:61616',
  peerBrokerInfos: null,
  brokerName: 'other',
  slaveBroker: false,
  masterBroker: false,
  faultTolerantConfiguration: false,
  duplexConnection: false,
  networkConnection: true,
  connectionId: 0,
  brokerUploadUrl: null,
  networkProperties: '#\nname=NC\nduplex=false\n',
  ...fields,
})
