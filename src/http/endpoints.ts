import { Controller, type Provider, type Type, UseGuards, UseInterceptors } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { type AuditModuleShape, type EndpointOptions } from '../audit.options.js';
import { AuditController } from './audit.controller.js';
import { AuditedEntities } from './audited-entities.js';
import { EndpointsGuard } from './endpoints.guard.js';
import { HttpErrorsInterceptor } from './http-errors.interceptor.js';
import { JsonInterceptor } from './json.interceptor.js';

const DEFAULT_PATH = 'audit';

/** What an AuditModule needs to show its history over HTTP: nothing, unless it is asked to. */
export function endpointsOf({ endpoints, dataSource }: AuditModuleShape): {
  controllers: Type[];
  providers: Provider[];
} {
  if (!endpoints) return { controllers: [], providers: [] };
  return {
    controllers: [controllerAt(endpoints, getDataSourceToken(dataSource))],
    providers: [AuditedEntities],
  };
}

// A class of its own for each registration, because Nest keeps the path of a controller on its class.
function controllerAt({ path = DEFAULT_PATH }: EndpointOptions, dataSource: unknown): Type {
  // OpenAPI makes the ids of operations from it, which have to differ.
  const name = dataSource === DataSource ? 'AuditController' : `${String(dataSource)}AuditController`;
  const controller = { [name]: class extends AuditController {} }[name];
  Controller(path)(controller);
  UseGuards(EndpointsGuard)(controller);
  UseInterceptors(HttpErrorsInterceptor, JsonInterceptor)(controller);
  return controller;
}
