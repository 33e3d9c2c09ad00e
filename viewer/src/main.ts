import 'ol/ol.css';
import './styles.css';
import { App } from './app.ts';
import { applyTheme, watchSystemTheme } from './theme.ts';

applyTheme();
watchSystemTheme();
void new App(document.body).start();
