import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a server of this machine that can go dead, as when a router forgets a connection. */
export class Cable {
  private readonly ends: Socket[] = [];
  private last: RegExp | undefined;

  private constructor(private readonly server: Server) {}

  static async to(port: number): Promise<Cable> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const cable = new Cable(server);
    server.on('connection', (near) => {
      const far = connect(port, '127.0.0.1');
      near.pipe(far).pipe(near);
      near.on('data', (chunk: Buffer) => {
        if (!cable.last?.test(chunk.toString('latin1'))) return;
        cable.last = undefined;
        far.unpipe(near).resume();
      });
      for (const end of [near, far]) end.on('error', () => end.destroy());
      cable.ends.push(near, far);
    });
    return cable;
  }

  get url(): string {
    const address = this.server.address();
    if (typeof address !== 'object' || address === null) throw new Error('not listening');
    return `redis://127.0.0.1:${address.port}`;
  }

  /** Nothing passes any more over the connections that there are, and neither side is told. */
  freeze(): void {
    for (const end of this.ends) end.unpipe().pause();
  }

  /** The next such request arrives; its answer, and all that follow on its connection, are lost. */
  freezeAfter(request: RegExp): void {
    this.last = request;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const end of this.ends) end.destroy();
    await closed;
  }
}
