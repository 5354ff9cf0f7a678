const { AuditModule } = require('nestjs-typeorm-audit');
const { ClsModule } = require('nestjs-cls');

module.exports = [AuditModule, ClsModule].map(({ name }) => name);
