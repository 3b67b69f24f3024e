/** TCP ports: finding a free one, and naming the process that holds one. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { Refusal } from './refusal.js';

/** A port of the loopback address on which nobody listens now. */
export async function freePort(): Promise<number> {
  return listenBriefly('127.0.0.1', 0);
}

/** Refuses, naming the process, when somebody listens there. */
export async function assertPortFree(host: string, port: number): Promise<void> {
  try {
    await listenBriefly(host, port);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE') {
      throw new Refusal(`Cannot listen on HOST ${host}, PORT ${port}: ${message}.`);
    }
    const holder = portHolder(port);
    const name = holder === undefined ? 'another process' : `process ${holder} (${commandLine(holder)})`;
    throw new Refusal(`Port ${port} is in use by ${name}: stop it, or choose another PORT.`);
  }
}

function listenBriefly(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      const { port: chosen } = server.address() as AddressInfo;
      server.close(() => resolve(chosen));
    });
  });
}

/** Undefined when the process is another user's, whose open files the kernel does not show us. */
function portHolder(port: number): number | undefined {
  const sockets = new Set(['tcp', 'tcp6'].flatMap(table => listeningSockets(table, port)));
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .find(pid => openFiles(pid).some(file => sockets.has(file)));
}

/** Of /proc/net/tcp: local address `7F000001:0BB8` in column 1, state `0A` (listening) in 3, inode in 9. */
function listeningSockets(table: string, port: number): string[] {
  const portInHex = port.toString(16).toUpperCase().padStart(4, '0');
  return readFileSync(`/proc/net/${table}`, 'utf8')
    .split('\n')
    .map(line => line.trim().split(/\s+/))
    .filter(columns => columns[1]?.endsWith(`:${portInHex}`) && columns[3] === '0A')
    .map(columns => `socket:[${columns[9]}]`);
}

function openFiles(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map(fd => readlinkSync(`/proc/${pid}/fd/${fd}`));
  } catch {
    return [];
  }
}

function commandLine(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
}
