import { expect, test } from '@jest/globals'
import { JdbcSource, type JdbcSettings } from '../../../broker/sql/jdbc-source.ts'

const url = 'jdbc:postgresql://db/orders?user=of-url&password=of-url-too'

function open(settings: JdbcSettings, files: Record<string, string> = {}): Promise<JdbcSource> {
  return JdbcSource.open(settings, (path) => {
    const text = files[path]
    return text === undefined ? Promise.reject(new Error(`ENOENT: ${path}`)) : Promise.resolve(text)
  })
}

test('settings go before what the URL says', async () => {
  const ofUrl = await (await open({ url })).read()
  expect(ofUrl).toMatchObject({ user: 'of-url', password: 'of-url-too', authority: undefined })
  const ofSettings = await (await open({ url, username: 'me', password: '' })).read()
  expect(ofSettings).toMatchObject({ user: 'me', password: '' })
})

test('what was changed in the files holds from the next time on, without the end of its line', async () => {
  const files: Record<string, string> = { url: `${url}\n`, user: 'me\r\n', password: ' secret \n', ca: 'PEM\n' }
  const source = await open({ urlFile: 'url', usernameFile: 'user', passwordFile: 'password', caFile: 'ca' }, files)
  expect(source.kind).toBe('postgresql')
  expect(await source.read()).toMatchObject({ user: 'me', password: ' secret ', authority: 'PEM\n' })
  files['url'] = 'jdbc:postgresql://elsewhere/orders'
  files['password'] = 'changed\n\n'
  expect(await source.read()).toMatchObject({
    url: { hosts: [{ host: 'elsewhere' }] },
    user: 'me',
    password: 'changed\n',
  })
  expect(source.url.hosts[0]!.host).toBe('elsewhere')
})

test('a file that is missing is named with its field', async () => {
  await expect(open({ urlFile: '/secret/url' })).rejects.toThrow('Cannot read urlFile /secret/url: ENOENT: /secret/url')
  const source = await open({ url, passwordFile: '/secret/password' })
  const error = { kind: 'Denied', message: 'Cannot read passwordFile /secret/password: ENOENT: /secret/password' }
  await expect(source.read()).rejects.toMatchObject(error)
})

test('a URL in a file that is wrong is told with the file', async () => {
  const reason = 'Cannot use the JDBC URL: expected // and the host behind the name of the driver (urlFile url)'
  await expect(open({ urlFile: 'url' }, { url: 'jdbc:mysql:x' })).rejects.toThrow(reason)
})

test('the kind of the database stays', async () => {
  const files = { url }
  const source = await open({ urlFile: 'url' }, files)
  files.url = 'jdbc:mysql://db/orders?user=me'
  const reason = 'it was of postgresql and is now of mysql; the broker has to be started again for that'
  await expect(source.read()).rejects.toThrow(`Cannot use the changed JDBC URL: ${reason}`)
})

test('somebody has to be the user', async () => {
  const source = await open({ url: 'jdbc:mariadb://db/orders' })
  await expect(source.read()).rejects.toMatchObject({ kind: 'Denied' })
  await expect(source.read()).rejects.toThrow('expected username, usernameFile, or user in the JDBC URL')
})
