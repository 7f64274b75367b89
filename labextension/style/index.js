import './widgets.css';
import './card.css';
import './log.css';
import './plan.css';
import './pictures.css';
import './forms.css';
import './status.css';
import './editing.css';
