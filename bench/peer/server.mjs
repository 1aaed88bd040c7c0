// oidc-provider with the in-memory adapter it comes with: tokens are kept in this process alone
// and nothing is written down. Access tokens for urn:bench are ES256 JWTs, others are opaque.

import http from 'node:http'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { Provider } from 'oidc-provider'

const port = Number(process.env.PORT)
const issuer = `http://127.0.0.1:${port}`
const resource = 'urn:bench'
const hour = 3600
const signingKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'

const provider = new Provider(issuer, {
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  clients: [
    {
      client_id: 'service',
      client_secret: process.env.CLIENT_SECRET,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    },
    {
      client_id: 'television',
      token_endpoint_auth_method: 'none',
      application_type: 'native',
      grant_types: [deviceGrant, 'refresh_token'],
      redirect_uris: [],
      response_types: [],
    },
  ],
  jwks: { keys: [{ ...signingKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' }] },
  scopes: ['offline_access', 'read'],
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  rotateRefreshToken: true,
  ttl: {
    AccessToken: hour, ClientCredentials: hour, DeviceCode: hour, Grant: hour, RefreshToken: hour,
  },
  features: {
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: 'read', audience: resource, accessTokenFormat: 'jwt', accessTokenTTL: hour,
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
})

// What a person's approval on a page would lead to.
async function refreshToken() {
  const grant = new provider.Grant({ accountId: randomUUID(), clientId: 'television' })
  grant.addOIDCScope('offline_access')
  grant.addResourceScope(resource, 'read')
  const grantId = await grant.save()
  const token = new provider.RefreshToken({
    client: await provider.Client.find('television'),
    accountId: grant.accountId,
    authTime: Math.floor(Date.now() / 1000),
    grantId,
    gty: 'device_code',
    resource,
    scope: 'offline_access read',
  })
  return token.save()
}

const answer = provider.callback()

http.createServer(async (request, response) => {
  if (!request.url.startsWith('/bench/refresh-tokens/')) return answer(request, response)
  const count = Number(request.url.split('/').at(-1))
  const tokens = []
  for (let number = 0; number < count; number += 1) tokens.push(await refreshToken())
  response.end(JSON.stringify(tokens))
}).listen(port, '127.0.0.1')
