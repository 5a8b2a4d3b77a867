// A service that is well and answers nothing: tests/edge/silent.mjs PORT_FILE LOG
// It says SERVING to whoever asks for its health. Of any other call it notes that it came, with the deadline that it was
// told, and that its caller let go of it.
import {appendFileSync, writeFileSync} from 'node:fs';
import http2 from 'node:http2';

const [portFile, log] = process.argv.slice(2);
const server = http2.createServer();
server.on('stream', (stream, headers) => {
  stream.on('error', () => {});
  const path = headers[':path'];
  if (path.startsWith('/grpc.health.v1.Health/')) {
    stream.resume();
    stream.respond({':status': 200, 'content-type': 'application/grpc'}, {waitForTrailers: true});
    stream.on('wantTrailers', () => stream.sendTrailers({'grpc-status': '0'}));
    stream.end(Buffer.from([0, 0, 0, 0, 2, 8, 1]));
    return;
  }
  appendFileSync(log, `came ${path} ${headers['grpc-timeout'] ?? 'none'}\n`);
  stream.on('close', () => appendFileSync(log, `left ${path}\n`));
});
server.listen(0, '127.0.0.1', () => writeFileSync(portFile, String(server.address().port)));
