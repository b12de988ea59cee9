/** For esbuild: leaves WebTransport out of Socket.IO's client, which connects by websocket or polling only. */
export const withoutWebTransport = {
  name: "without-webtransport",
  setup({ onLoad }) {
    onLoad({ filter: /engine\.io-client.*webtransport\.js$/ }, () => ({ contents: "export class WT {}" }));
  },
};
