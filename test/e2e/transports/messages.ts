import { type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Transport } from '@nestjs/microservices';
import { freePort } from '../../support/servers/free-port.js';

export interface Message {
  name: string;
  token: string;
  user?: { id: string };
}

/** As a guard that verifies a token does it: the user is put where the handler finds him. */
export class OnPayload implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const message = context.switchToRpc().getData<Message>();
    message.user = { id: message.token };
    return true;
  }
}

/** A microservice over TCP, at a port that nobody uses. */
export async function freeTcp() {
  return {
    transport: Transport.TCP as const,
    options: { host: '127.0.0.1', port: await freePort() },
  };
}
