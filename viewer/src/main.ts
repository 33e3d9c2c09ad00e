import 'ol/ol.css';
import './styles.css';
import './commands/palette.css';
import { App } from './app.ts';
import { portFromParent, PortTransport } from './port.ts';
import { applyTheme, watchSystemTheme } from './theme.ts';
import { setTransport } from './transport.ts';

if (document.documentElement.dataset['transport'] === 'port') setTransport(new PortTransport(portFromParent()));
applyTheme();
watchSystemTheme();
void new App(document.body).start();
