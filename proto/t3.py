import sys; sys.path.insert(0,'/tmp/gen')
sys.meta_path=[m for m in sys.meta_path if 'editable' not in str(m).lower()]
import torch,numpy as np
from PIL import Image
import tiny2
from fleet.generate.diffusion.steering import Steered,Guide
from fleet.generate.diffusion.layouts import *
from fleet.generate.diffusion.clocks import Window,Clocks,window
im=Image.fromarray(np.random.default_rng(0).integers(0,255,(64,64,3),dtype=np.uint8))
def err(st,z,m,x,j,first=0): return round(float(((x-st.schedule.noised(z,st._noise,step=st.window.begin+j))*m)[:,:,first:].abs().max()),5)
for mode,T in (('latent_concat',3),('token_replace',3)):
    p=tiny2.hunyuan(mode); p.set_progress_bar_config(disable=True); seen=[]
    p.transformer.register_forward_pre_hook(lambda mod,a,w: seen.append(w['hidden_states'][:,:4].clone()),with_kwargs=True)
    torch.manual_seed(3); z=torch.randn(1,4,T,8,8); m=torch.zeros(1,1,T,8,8); m[...,:4]=1
    g=Guide(z,m,lambda s: window(Clocks(.97,.8),s.fractions),first_is_given=mode=='token_replace')
    with Steered(p,layout=ChannelsFirst(),guide=g) as st:
        p(image=im,height=64,width=64,num_frames=9 if mode=='token_replace' else 9,num_inference_steps=10,output_type='latent',prompt_embeds=torch.zeros(1,8,16),pooled_prompt_embeds=torch.zeros(1,8),prompt_attention_mask=torch.ones(1,8),generator=torch.Generator().manual_seed(0))
    print(mode,st.window,st.held,len(seen),seen[0].shape,[err(st,z,m,x,j,1 if mode=='token_replace' else 0) for j,x in enumerate(seen)])
p=tiny2.hunyuan15(); p.set_progress_bar_config(disable=True); seen=[]
p.transformer.register_forward_pre_hook(lambda mod,a,w: seen.append(w['hidden_states'][:,:4].clone()),with_kwargs=True)
e=dict(prompt_embeds=torch.zeros(1,8,16),prompt_embeds_mask=torch.ones(1,8),prompt_embeds_2=torch.zeros(1,4,8),prompt_embeds_mask_2=torch.ones(1,4))
z=None
try:
    with Steered(p,layout=ChannelsFirst(),guide=None) as st: out=p(image=im,num_frames=9,num_inference_steps=10,output_type='latent',generator=torch.Generator().manual_seed(0),**e)
    T,h,w=seen[0].shape[2:]; seen.clear()
    z=torch.randn(1,4,T,h,w); m=torch.zeros(1,1,T,h,w); m[...,:4]=1
    g=Guide(z,m,lambda s: window(Clocks(.97,.8),s.fractions))
    with Steered(p,layout=ChannelsFirst(),guide=g) as st: out=p(image=im,num_frames=9,num_inference_steps=10,output_type='latent',generator=torch.Generator().manual_seed(0),**e)
    print('15',st.window,st.held,len(seen),seen[0].shape,[err(st,z,m,x,j) for j,x in enumerate(seen)])
except Exception as ex: import traceback; traceback.print_exc()
