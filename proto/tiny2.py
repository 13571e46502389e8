import torch
from transformers import T5Config, T5EncoderModel
def t5(): 
    torch.manual_seed(0); return T5EncoderModel(T5Config(vocab_size=64,d_model=32,d_kv=8,d_ff=37,num_layers=2,num_heads=4))
def cog(dpm=False):
    from diffusers import AutoencoderKLCogVideoX, CogVideoXTransformer3DModel, CogVideoXImageToVideoPipeline, CogVideoXDDIMScheduler, CogVideoXDPMScheduler
    torch.manual_seed(0)
    vae=AutoencoderKLCogVideoX(in_channels=3,out_channels=3,down_block_types=("CogVideoXDownBlock3D",)*4,up_block_types=("CogVideoXUpBlock3D",)*4,block_out_channels=(8,8,8,8),latent_channels=4,layers_per_block=1,norm_num_groups=2,temporal_compression_ratio=4)
    tr=CogVideoXTransformer3DModel(num_attention_heads=2,attention_head_dim=16,in_channels=8,out_channels=4,time_embed_dim=2,text_embed_dim=32,num_layers=1,sample_width=8,sample_height=8,sample_frames=9,patch_size=2,temporal_compression_ratio=4,max_text_seq_length=8,use_rotary_positional_embeddings=True)
    kw=dict(beta_schedule="scaled_linear",prediction_type="v_prediction",rescale_betas_zero_snr=True,timestep_spacing="trailing")
    return CogVideoXImageToVideoPipeline(tokenizer=None,text_encoder=t5(),vae=vae,transformer=tr,scheduler=(CogVideoXDPMScheduler if dpm else CogVideoXDDIMScheduler)(**kw))
def svd():
    from diffusers import UNetSpatioTemporalConditionModel, AutoencoderKLTemporalDecoder, EulerDiscreteScheduler, StableVideoDiffusionPipeline
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection, CLIPImageProcessor
    torch.manual_seed(0)
    unet=UNetSpatioTemporalConditionModel(block_out_channels=(32,64),layers_per_block=2,sample_size=32,in_channels=8,out_channels=4,down_block_types=("CrossAttnDownBlockSpatioTemporal","DownBlockSpatioTemporal"),up_block_types=("UpBlockSpatioTemporal","CrossAttnUpBlockSpatioTemporal"),cross_attention_dim=32,num_attention_heads=8,projection_class_embeddings_input_dim=96,addition_time_embed_dim=32)
    sch=EulerDiscreteScheduler(beta_start=0.00085,beta_end=0.012,beta_schedule="scaled_linear",interpolation_type="linear",num_train_timesteps=1000,prediction_type="v_prediction",sigma_max=700.0,sigma_min=0.002,steps_offset=1,timestep_spacing="leading",timestep_type="continuous",use_karras_sigmas=True)
    vae=AutoencoderKLTemporalDecoder(block_out_channels=[32,64],in_channels=3,out_channels=3,down_block_types=["DownEncoderBlock2D"]*2,latent_channels=4)
    enc=CLIPVisionModelWithProjection(CLIPVisionConfig(hidden_size=32,projection_dim=32,num_hidden_layers=2,num_attention_heads=4,image_size=224,intermediate_size=37,patch_size=56))
    return StableVideoDiffusionPipeline(unet=unet,image_encoder=enc,vae=vae,scheduler=sch,feature_extractor=CLIPImageProcessor(crop_size=32,size=32))
def ltx():
    from diffusers import LTXImageToVideoPipeline, LTXVideoTransformer3DModel, AutoencoderKLLTXVideo, FlowMatchEulerDiscreteScheduler
    torch.manual_seed(0)
    tr=LTXVideoTransformer3DModel(in_channels=8,out_channels=8,patch_size=1,patch_size_t=1,num_attention_heads=4,attention_head_dim=8,cross_attention_dim=32,num_layers=1,caption_channels=32)
    vae=AutoencoderKLLTXVideo(latent_channels=8,block_out_channels=(8,8,8,8),decoder_block_out_channels=(8,8,8,8),layers_per_block=(1,1,1,1,1),decoder_layers_per_block=(1,1,1,1,1),spatio_temporal_scaling=(True,True,False,False),decoder_spatio_temporal_scaling=(True,True,False,False),decoder_inject_noise=(False,)*5,upsample_residual=(False,)*4,upsample_factor=(1,)*4,timestep_conditioning=False,patch_size=1,patch_size_t=1,encoder_causal=True,decoder_causal=False)
    vae.use_framewise_encoding=False; vae.use_framewise_decoding=False
    return LTXImageToVideoPipeline(scheduler=FlowMatchEulerDiscreteScheduler(),vae=vae,text_encoder=t5(),tokenizer=None,transformer=tr)
def hunyuan(mode='latent_concat'):
    from diffusers import HunyuanVideoImageToVideoPipeline, HunyuanVideoTransformer3DModel, AutoencoderKLHunyuanVideo, FlowMatchEulerDiscreteScheduler
    from transformers import CLIPTextConfig, CLIPTextModel
    torch.manual_seed(0)
    tr=HunyuanVideoTransformer3DModel(in_channels=4*2+1 if mode=='latent_concat' else 4,out_channels=4,num_attention_heads=2,attention_head_dim=10,num_layers=1,num_single_layers=1,num_refiner_layers=1,patch_size=1,patch_size_t=1,guidance_embeds=False,text_embed_dim=16,pooled_projection_dim=8,rope_axes_dim=(2,4,4),image_condition_type=mode)
    vae=AutoencoderKLHunyuanVideo(in_channels=3,out_channels=3,latent_channels=4,block_out_channels=(8,8,8,8),layers_per_block=1,act_fn='silu',norm_num_groups=4,scaling_factor=0.476986,spatial_compression_ratio=8,temporal_compression_ratio=4,mid_block_add_attention=True)
    return HunyuanVideoImageToVideoPipeline(transformer=tr,vae=vae,scheduler=FlowMatchEulerDiscreteScheduler(shift=7.0),text_encoder=None,text_encoder_2=None,tokenizer=None,tokenizer_2=None,image_processor=None)
def hunyuan15():
    from diffusers import HunyuanVideo15ImageToVideoPipeline, HunyuanVideo15Transformer3DModel, AutoencoderKLHunyuanVideo15, FlowMatchEulerDiscreteScheduler, ClassifierFreeGuidance
    from transformers import SiglipVisionConfig, SiglipVisionModel, SiglipImageProcessor
    torch.manual_seed(0)
    tr=HunyuanVideo15Transformer3DModel(in_channels=9,out_channels=4,num_attention_heads=2,attention_head_dim=8,num_layers=1,num_refiner_layers=1,mlp_ratio=2.0,patch_size=1,patch_size_t=1,text_embed_dim=16,text_embed_2_dim=8,image_embed_dim=12,rope_axes_dim=(2,2,4),target_size=64,task_type='i2v')
    vae=AutoencoderKLHunyuanVideo15(in_channels=3,out_channels=3,latent_channels=4,block_out_channels=(16,16,16,16),layers_per_block=1,spatial_compression_ratio=4,temporal_compression_ratio=4,downsample_match_channel=False,upsample_match_channel=False)
    enc=SiglipVisionModel(SiglipVisionConfig(hidden_size=12,intermediate_size=24,num_hidden_layers=1,num_attention_heads=2,image_size=8,patch_size=4))
    return HunyuanVideo15ImageToVideoPipeline(transformer=tr,vae=vae,scheduler=FlowMatchEulerDiscreteScheduler(shift=7.0),text_encoder=None,text_encoder_2=None,tokenizer=None,tokenizer_2=None,guider=ClassifierFreeGuidance(guidance_scale=1.0),image_encoder=enc,feature_extractor=SiglipImageProcessor(size={"height":8,"width":8}))
