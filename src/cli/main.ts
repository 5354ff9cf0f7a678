#!/usr/bin/env node
import 'reflect-metadata';
import { runCommand } from './run-command.js';

// The exit code is left to be taken when all that was printed has been written.
void runCommand(process.argv.slice(2)).then((code) => (process.exitCode = code));
