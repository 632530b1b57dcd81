// A real OpenID provider: one client, tokens by client credentials, introspection.
// Prints its port; ends with its standard input.
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const [clientId, clientSecret, lifetime] = process.argv.slice(2);
const server = createServer();
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const { port } = server.address();
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: clientId,
      client_secret: clientSecret,
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
      scope: "read write",
      token_endpoint_auth_method: "client_secret_basic",
    },
  ],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    revocation: { enabled: true },
  },
  scopes: ["read", "write"],
  ttl: { ClientCredentials: Number(lifetime) },
});
server.on("request", provider.callback());
process.stdin.resume().on("end", () => process.exit(0));
console.log(port);
